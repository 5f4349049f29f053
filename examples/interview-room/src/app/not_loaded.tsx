// When a page cannot be shown, whatever the reason.
import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { Page } from "./page.tsx";

/** Offers to load the page again. */
export function NotLoaded() {
  return (
    <Page
      title="This page could not be loaded"
      lead="Check your connection, then load the page again."
    >
      <Button onClick={() => location.reload()}>Load again</Button>
    </Page>
  );
}

/** Catches what is thrown while rendering: a chunk that does not load, a bug. */
export class NotLoadedBoundary extends Component<{ children: ReactNode }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <NotLoaded /> : this.props.children;
  }
}
