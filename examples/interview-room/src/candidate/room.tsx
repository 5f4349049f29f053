// The interview itself: questions, the time, and how the connection is.
import { useEffect, useRef } from "react";
import { useSecondsLeft } from "interview-sessions/react";
import type { InterviewSession, SessionState } from "interview-sessions";
import { clock } from "../words.ts";
import type { Answer, AnswerState } from "./answers.ts";
import { Camera } from "./camera.tsx";
import { questions } from "./questions.ts";

interface RoomProps {
  session: InterviewSession;
  state: SessionState;
  written: readonly Answer[];
  onWrite(index: number, text: string): void;
  /** From 0 to 1 while it is being handed in. */
  progress: number | undefined;
  onHandIn(): void;
  onLeave(): void;
}

/** The page on which the interview takes place. */
export function Room(o: RoomProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const isHandingIn = o.progress !== undefined;
  return (
    <>
      <div className="bar">
        <Connection state={o.state} />
        <TimeLeft session={o.session} />
      </div>
      <div className="room">
        <div className="questions">
          <h1 ref={heading} tabIndex={-1}>Your interview</h1>
          {questions.map((question, index) => (
            <Question
              key={question}
              number={index + 1}
              question={question}
              answer={o.written[index]}
              isReadOnly={isHandingIn}
              onWrite={(text) => o.onWrite(index, text)}
            />
          ))}
        </div>
        <div className="side">
          <div className="card">
            <Camera />
          </div>
          <div className="card">
            {isHandingIn
              ? <Progress part={o.progress!} state={o.state} />
              : <HandIn {...o} />}
          </div>
        </div>
      </div>
    </>
  );
}

interface Saying {
  look: "good" | "waiting" | "bad";
  short: string;
  long: string;
}

function sayingOf(state: SessionState): Saying {
  switch (state.name) {
    case "live":
    case "completing":
      if (state.trouble?.kind === "signed-out") {
        return {
          look: "bad",
          short: "Signed out",
          long:
            "Go on, your answers are kept on this page and saved as soon as you have signed in again.",
        };
      }
      return state.trouble
        ? {
          look: "bad",
          short: "Connection interrupted",
          long:
            "Your connection is interrupted. Go on, your answers are kept on this page and saved as soon as it is back.",
        }
        : {
          look: "good",
          short: "Connected",
          long: "Your answers are saved while you write.",
        };
    case "unregistered":
      return {
        look: "waiting",
        short: "Not connected yet",
        long:
          "We could not connect your interview yet, and go on trying. Go on, your answers are kept on this page.",
      };
    default:
      return {
        look: "waiting",
        short: "Getting your interview ready…",
        long: "Your answers are kept on this page.",
      };
  }
}

function Connection({ state }: { state: SessionState }) {
  const { look, short, long } = sayingOf(state);
  return (
    <div className="connection" role="status" aria-label="Connection">
      <p className={`dot ${look}`}>{short}</p>
      <p className="more">{long}</p>
    </div>
  );
}

function TimeLeft({ session }: { session: InterviewSession }) {
  const left = useSecondsLeft(session);
  return (
    <p className="time" role="timer" aria-label="Time left">
      <span>Time left</span>
      <b className={left !== undefined && left <= 60 ? "short" : undefined}>
        {left === undefined ? "–:––" : clock(left)}
      </b>
    </p>
  );
}

const savedSayings: Record<AnswerState, string> = {
  empty: "Not answered yet",
  saved: "Saved",
  saving: "Saving…",
  kept: "Kept on this page",
  refused: "Not saved: this interview goes on elsewhere",
};

function Question(
  { number, question, answer, isReadOnly, onWrite }: {
    number: number;
    question: string;
    answer: Answer;
    isReadOnly: boolean;
    onWrite(text: string): void;
  },
) {
  const id = `answer-${number}`;
  return (
    <article className="card question" aria-label={`Question ${number}`}>
      <label htmlFor={id}>
        <span className="number">Question {number}</span> {question}
      </label>
      <textarea
        id={id}
        rows={4}
        maxLength={5000}
        value={answer.text}
        readOnly={isReadOnly}
        aria-describedby={`${id}-state`}
        onChange={(event) => onWrite(event.target.value)}
      />
      <p id={`${id}-state`} className={`saved ${answer.state}`}>
        {savedSayings[answer.state]}
      </p>
    </article>
  );
}

function HandIn({ written, onHandIn, onLeave }: RoomProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const answered = written.filter(({ text }) => text.trim() !== "").length;
  return (
    <>
      <h2>Ready?</h2>
      <p>You have answered {answered} of {written.length} questions.</p>
      <div className="actions">
        <button type="button" className="primary" onClick={onHandIn}>
          Hand in
        </button>
        <button type="button" onClick={() => dialog.current?.showModal()}>
          Leave
        </button>
      </div>
      <dialog ref={dialog} aria-labelledby="leave">
        <h2 id="leave">Leave the interview?</h2>
        <p>What you have answered is kept, but not handed in.</p>
        <form method="dialog" className="actions">
          <button type="submit" className="primary" autoFocus>Stay</button>
          <button type="submit" onClick={onLeave}>Leave the interview</button>
        </form>
      </dialog>
    </>
  );
}

function Progress({ part, state }: { part: number; state: SessionState }) {
  const percent = Math.floor(part * 100);
  const isTroubled = "trouble" in state && state.trouble;
  return (
    <>
      <h2 id="handing-in">Handing in your interview</h2>
      <progress aria-labelledby="handing-in" max={100} value={percent} />
      <p className="percent">{percent} %</p>
      <p role="status">
        {isTroubled
          ? "Please keep this page open: we go on as soon as your connection is back."
          : "Please keep this page open until it is done."}
      </p>
    </>
  );
}
