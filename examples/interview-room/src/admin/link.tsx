// A link to another part of this page, which loads nothing anew.
import { Anchor } from "@mantine/core";
import type { MouseEvent, ReactNode } from "react";
import { type Address, go, hrefOf, useAddress } from "./address.ts";

/** Opens in a new tab as any link does. */
export function PageLink(
  { to, children, className, isCurrent }: {
    to: Address;
    children: ReactNode;
    className?: string;
    isCurrent?: boolean;
  },
) {
  function follow(event: MouseEvent) {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  }
  return (
    <Anchor
      href={hrefOf(to)}
      onClick={follow}
      className={className}
      aria-current={isCurrent ? "page" : undefined}
      size="sm"
    >
      {children}
    </Anchor>
  );
}

/** A link to the details of a session. */
export function SessionLink(
  { user_id, session_id, children }: {
    user_id: string;
    session_id: string;
    children: ReactNode;
  },
) {
  const address = useAddress();
  return (
    <PageLink
      to={{ ...address, session: { userId: user_id, sessionId: session_id } }}
    >
      {children}
    </PageLink>
  );
}
