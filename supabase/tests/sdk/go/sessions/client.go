// Package sessions holds an interview session through postgrest-go.
package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/supabase-community/postgrest-go"
)

// Session is as much of a session as is read here.
type Session struct {
	SessionID         string    `json:"session_id"`
	Status            string    `json:"status"`
	Fence             int64     `json:"fence"`
	Device            *string   `json:"device"`
	PreviousSessionID *string   `json:"previous_session_id"`
	ExpiresAt         time.Time `json:"expires_at"`
}

// Ended is how a session ended.
type Ended struct {
	SessionID string    `json:"session_id"`
	EndReason string    `json:"end_reason"`
	EndedAt   time.Time `json:"ended_at"`
}

// Options of a start.
type Options struct {
	Takeover    bool   `json:"takeover,omitempty"`
	Device      string `json:"device,omitempty"`
	InterviewID string `json:"interview_id,omitempty"`
}

// Refusal is an error: the database refused the call. Message can be shown to
// the user.
type Refusal struct {
	Code    string
	Message string
	Hint    string
	Details map[string]any
}

func (r *Refusal) Error() string { return r.Code + ": " + r.Message }

// Client calls the functions for one user.
type Client struct{ rest *postgrest.Client }

// New makes a client; without a token nobody is signed in.
func New(url, key, token string) *Client {
	rest := postgrest.NewClient(url+"/rest/v1", "public", nil).SetApiKey(key)
	if token != "" {
		rest.SetAuthToken(token)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 8 * time.Second
	rest.Transport.Parent = failing{transport}
	return &Client{rest}
}

// failing makes errors of the statuses that postgrest-go's RPCs ignore.
type failing struct{ http.RoundTripper }

func (f failing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := f.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode < 400 {
		return resp, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	return nil, failure(resp.Status, body)
}

func failure(status string, body []byte) error {
	var refusal struct {
		Code, Message, Hint, Details string
	}
	if json.Unmarshal(body, &refusal) == nil {
		switch refusal.Code {
		case "PT401", "PT409", "PT410", "22023":
			r := &Refusal{Code: refusal.Code, Message: refusal.Message, Hint: refusal.Hint}
			// JSON in a string; PT401 has none
			_ = json.Unmarshal([]byte(refusal.Details), &r.Details)
			return r
		}
	}
	return fmt.Errorf("%s: %s", status, body)
}

func (c *Client) call(function string, arguments, answer any) error {
	text, err := c.rest.RpcWithError(function, "", arguments)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), answer)
}

// Start starts a session. After no answer, the same id again returns the same
// session.
func (c *Client) Start(id string, o Options) (*Session, error) {
	arguments := struct {
		SessionID string `json:"session_id"`
		Options
	}{id, o}
	session := new(Session)
	return session, c.call("start_session", arguments, session)
}

// Heartbeat renews the lease.
func (c *Client) Heartbeat(id string) (*Session, error) {
	session := new(Session)
	return session, c.call("heartbeat_session", withID(id), session)
}

// Keep sends heartbeats until one is refused, and returns that refusal.
func (c *Client) Keep(ctx context.Context, id string, every time.Duration) (*Refusal, error) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		var refusal *Refusal
		if _, err := c.Heartbeat(id); errors.As(err, &refusal) {
			return refusal, nil
		}
		// after any other error the session may be live
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-ticker.C:
		}
	}
}

// Complete marks the session as completing.
func (c *Client) Complete(id string) (*Session, error) {
	session := new(Session)
	return session, c.call("complete_session", withID(id), session)
}

// End ends the session; nil if there was no such session.
func (c *Client) End(id string) (*Ended, error) {
	var rows []Ended
	if err := c.call("end_session", withID(id), &rows); err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func withID(id string) map[string]string {
	return map[string]string{"session_id": id}
}
