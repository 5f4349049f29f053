// The frame of every page: the header, the title, and where the focus goes.
import {
  Anchor,
  Box,
  Button,
  Container,
  Group,
  Text,
  Title,
} from "@mantine/core";
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./page.module.css";

/** Narrow: a form or a message. Wide: a dashboard. */
type PageSize = "narrow" | "middle" | "wide";

const widths: Record<PageSize, string> = {
  narrow: "32rem",
  middle: "70rem",
  wide: "90rem",
};

interface PageProps {
  /** The heading, and the title of the browser's tab. */
  title: string;
  /** The title of the tab; null: the page's content sets it. */
  tabTitle?: string | null | undefined;
  /** A sentence below the heading. */
  lead?: ReactNode;
  /** At the right of the header: who is signed in. */
  aside?: ReactNode;
  /** Beside the heading: a status, a button. */
  beside?: ReactNode;
  /** Below the header, and always in view. */
  above?: ReactNode;
  size?: PageSize;
  children?: ReactNode;
}

/** A page. When it replaces another one, its heading gets the focus. */
export function Page(
  { title, tabTitle = title, lead, aside, beside, above, children, ...o }:
    PageProps,
) {
  useTabTitle(tabTitle);
  return (
    <Frame aside={aside} above={above} size={o.size ?? "narrow"}>
      <Box mb="lg">
        <Group justify="space-between" align="baseline">
          <PageHeading key={title}>{title}</PageHeading>
          {beside}
        </Group>
        {lead && <Text c="dimmed" mt={4} maw="44rem">{lead}</Text>}
      </Box>
      {children}
    </Frame>
  );
}

/** What is shown until a page is known: the same as in index.html. */
export function Loading() {
  return (
    <Frame size="middle">
      <Text role="status" ta="center">Loading…</Text>
    </Frame>
  );
}

function Frame(
  { aside, above, size, children }: {
    aside?: ReactNode;
    above?: ReactNode;
    size: PageSize;
    children: ReactNode;
  },
) {
  const width = widths[size === "wide" ? "wide" : "middle"];
  return (
    <>
      <header className={classes.header}>
        <Container size={width}>
          <Group justify="space-between" gap="xs" mih="3.5rem" wrap="nowrap">
            <Anchor href="/" fw={600} c="inherit" className={classes.brand}>
              Interview room
            </Anchor>
            {aside}
          </Group>
        </Container>
      </header>
      {above && (
        <section className={classes.above} aria-label="Status">{above}</section>
      )}
      <Container
        component="main"
        size={widths[size]}
        py={{ base: "lg", sm: "xl" }}
      >
        {children}
      </Container>
    </>
  );
}

/** How many headings there have been. */
let shown = 0;

function PageHeading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // with the first one, the page has just loaded: focus stays at its top
    if (shown++ > 0) heading.current?.focus();
  }, []);
  return (
    <Title order={1} size="h2" ref={heading} tabIndex={-1}>{children}</Title>
  );
}

/** Moves the focus to the page's heading, when what had it is gone. */
export function focusHeading() {
  document.querySelector("h1")?.focus();
}

/** Sets the title of the browser's tab, unless it is null. */
export function useTabTitle(title: string | null) {
  useEffect(() => {
    if (title !== null) document.title = `${title} · Interview room`;
  }, [title]);
}

/** Who is signed in, and the button to sign out. */
export function SignedIn(
  { email, onSignOut }: { email: string; onSignOut(): void },
) {
  return (
    <Group gap="xs" wrap="nowrap" miw={0}>
      <Text size="sm" c="dimmed" truncate title={email}>
        {email}
      </Text>
      <Button
        variant="subtle"
        size="compact-sm"
        flex="none"
        onClick={onSignOut}
      >
        Sign out
      </Button>
    </Group>
  );
}
