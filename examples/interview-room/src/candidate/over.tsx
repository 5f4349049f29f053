// The interview is not this page's any more: why, and what can be done.
import type { OverReason } from "interview-sessions";

interface Telling {
  title: string;
  text: string;
  /** Takes it back to this page. */
  here?: string;
  /** Leads to the beginning. */
  again?: string;
}

const tellings: Record<OverReason, Telling> = {
  taken_over: {
    title: "This interview was continued on another device",
    text:
      "Or in another window. Go on there; everything that was saved has moved along.",
    here: "Continue here instead",
  },
  revoked: {
    title: "This interview was ended by an administrator",
    text:
      "What you had answered is kept. If you did not expect this, please get in touch with us.",
    again: "Back to the beginning",
  },
  timed_out: {
    title: "Your time is up",
    text:
      "This interview has reached its longest duration. What you had answered is kept.",
    again: "Back to the beginning",
  },
  completed: {
    title: "This interview has been handed in",
    text: "There is nothing left to do. Thank you.",
    again: "Back to the beginning",
  },
  disconnected: {
    title: "This interview was left",
    text: "Its window was closed. You can go on here with what you have.",
    here: "Continue here",
    again: "Back to the beginning",
  },
  cleared: {
    title: "This interview was closed",
    text: "It was closed from another window. You can go on here.",
    here: "Continue here",
    again: "Back to the beginning",
  },
  unknown: {
    title: "This interview is over",
    text: "You can go on here with what you have.",
    here: "Continue here",
    again: "Back to the beginning",
  },
  user_changed: {
    title: "Somebody else has signed in",
    text: "Another user has signed in in this browser.",
    again: "Back to the beginning",
  },
  expired: {
    title: "You were away for a long time",
    text: "You can go on here with what you have.",
    here: "Continue here",
    again: "Back to the beginning",
  },
};

/** A card with the reason and a way on. */
export function Over(
  { reason, hasUnsaved, onHere, onAgain }: {
    reason: OverReason;
    /** Is there something on this page that is saved nowhere? */
    hasUnsaved: boolean;
    onHere(): void;
    onAgain(): void;
  },
) {
  const { title, text, here, again } = tellings[reason];
  return (
    <section className="card narrow" role="alert">
      <h1>{title}</h1>
      <p className="lead">{text}</p>
      {hasUnsaved && (
        <p className="unsaved">
          {here
            ? "What you wrote here last was not saved any more. It is still on this page, and comes along if you continue here."
            : "What you wrote here last was not saved any more."}
        </p>
      )}
      <div className="actions">
        {here && (
          <button type="button" className="primary" onClick={onHere}>
            {here}
          </button>
        )}
        {again && (
          <button
            type="button"
            className={here ? undefined : "primary"}
            onClick={onAgain}
          >
            {again}
          </button>
        )}
      </div>
    </section>
  );
}
