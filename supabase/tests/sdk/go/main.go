// Plays the story and prints a line of JSON for each step.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/supabase-community/gotrue-go"
	"github.com/supabase-community/postgrest-go"

	"story/sessions"
)

const interview = "attempt-1"

var url, key = os.Getenv("URL"), os.Getenv("KEY")

func say(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))
}

func tell(step string, row any, err error) {
	var refusal *sessions.Refusal
	switch {
	case errors.As(err, &refusal):
		say(map[string]any{"step": step, "refusal": inWords(refusal)})
	case err != nil:
		say(map[string]any{"step": step, "trouble": err.Error()})
	default:
		say(map[string]any{"step": step, "row": row})
	}
}

func inWords(r *sessions.Refusal) map[string]any {
	return map[string]any{
		"code": r.Code, "message": r.Message, "hint": r.Hint, "details": r.Details,
	}
}

func signIn() string {
	auth := gotrue.New("", key).WithCustomGoTrueURL(url + "/auth/v1")
	token, err := auth.SignInWithEmailPassword(os.Getenv("EMAIL"), os.Getenv("PASSWORD"))
	if err != nil {
		log.Fatal(err)
	}
	return token.AccessToken
}

// A call as the SDK has it.
func tellRpcAlone(token string) {
	rest := postgrest.NewClient(url+"/rest/v1", "public", nil).SetApiKey(key).SetAuthToken(token)
	text, err := rest.RpcWithError("start_session", "", map[string]string{"session_id": "tablet"})
	say(map[string]any{"step": "Rpc alone", "error": err, "text": text})
}

func main() {
	nobody := sessions.New(url, key, "")
	row, err := nobody.Start("phone", sessions.Options{})
	tell("signed out", row, err)

	token := signIn()
	phone, laptop := sessions.New(url, key, signIn()), sessions.New(url, key, token)
	row, err = phone.Start("", sessions.Options{})
	tell("bad argument", row, err)
	row, err = phone.Start("phone", sessions.Options{Device: "Phone", InterviewID: interview})
	tell("start", row, err)
	row, err = phone.Heartbeat("phone")
	tell("heartbeat", row, err)
	row, err = laptop.Start("laptop", sessions.Options{Device: "Laptop"})
	tell("refused", row, err)

	tellRpcAlone(token)

	kept := make(chan *sessions.Refusal)
	go func() {
		refusal, _ := phone.Keep(context.Background(), "phone", 50*time.Millisecond)
		kept <- refusal
	}()
	takeover := sessions.Options{Takeover: true, Device: "Laptop", InterviewID: interview}
	row, err = laptop.Start("laptop", takeover)
	tell("no answer", row, err)
	row, err = laptop.Start("laptop", takeover)
	tell("retry", row, err)
	tell("lost", nil, <-kept)
	ended, err := phone.End("phone")
	tell("end of the lost", ended, err)

	row, err = laptop.Heartbeat("laptop")
	tell("error page", row, err)
	row, err = laptop.Complete("laptop")
	tell("complete", row, err)
	ended, err = laptop.End("laptop")
	tell("end", ended, err)
	ended, err = laptop.End("never")
	tell("unknown", ended, err)
	row, err = phone.Start("again", sessions.Options{InterviewID: interview})
	tell("submitted", row, err)
	row, err = phone.Start("late", sessions.Options{})
	tell("deleted user", row, err)
}
