// The frame of every page.
import type { ReactNode } from "react";

/** A heading that is always there, and what the page is about below it. */
export function Page(
  { children, aside, wide }: {
    children: ReactNode;
    aside?: ReactNode;
    wide?: boolean;
  },
) {
  return (
    <>
      <header className="top">
        <div className={wide ? "wide" : undefined}>
          <a className="brand" href="/">
            <span className="mark" aria-hidden="true" />
            Interview room
          </a>
          <div className="aside">{aside}</div>
        </div>
      </header>
      <main className={wide ? "wide" : undefined}>{children}</main>
    </>
  );
}

/** Who is signed in, and the way out. */
export function SignedIn(
  { email, onSignOut }: { email: string; onSignOut(): void },
) {
  return (
    <div className="signed-in">
      <span className="email" title={email}>{email}</span>
      <button type="button" className="quiet" onClick={onSignOut}>
        Sign out
      </button>
    </div>
  );
}

/** A word in passing, at the foot of the page; it moves nothing. */
export function Toast(
  { text, onClose }: { text: string | undefined; onClose(): void },
) {
  return (
    <div className="toasts" role="status" aria-label="Messages">
      {text && (
        <div className="toast">
          <p>{text}</p>
          <button type="button" className="quiet" onClick={onClose}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
