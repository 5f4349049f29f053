// The end.
import { useEffect, useRef } from "react";
import type { Answer } from "./answers.ts";

/** What was handed in, and a way back to the beginning. */
export function HandedIn(
  { written, onAgain }: { written: readonly Answer[]; onAgain(): void },
) {
  const heading = useRef<HTMLHeadingElement>(null);
  // what had the focus is gone
  useEffect(() => heading.current?.focus(), []);
  const answered = written.filter(({ text }) => text.trim() !== "").length;
  return (
    <section className="card narrow">
      <span className="tick" aria-hidden="true" />
      <h1 ref={heading} tabIndex={-1}>Your interview is handed in</h1>
      <p className="lead">
        You answered {answered} of {written.length}{" "}
        questions. Thank you for your time; we will be in touch.
      </p>
      <button type="button" onClick={onAgain}>Back to the beginning</button>
    </section>
  );
}
