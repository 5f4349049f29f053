// Ending a session, and giving an interview more time. Both concern what the page
// shows, whatever has happened since.
import {
  Alert,
  Button,
  Group,
  Modal,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode, RefObject } from "react";
import type {
  AdminSessionDetails,
  Interview,
  InterviewSessionHistory,
} from "interview-sessions";
import { useApp } from "../app/context.tsx";
import { useToast } from "../app/toasts.tsx";
import { call, CallFailed } from "./api.ts";
import { counted, moment, nameOf } from "./words.ts";

interface DialogProps {
  session: AdminSessionDetails["session"];
  isOpen: boolean;
  /** What gets the focus back; it may be gone by then. */
  opener: RefObject<HTMLElement | null>;
  onClose(): void;
}

export function EndDialog({ session, ...dialog }: DialogProps) {
  const { supabase } = useApp();
  const toast = useToast();
  const name = nameOf(session);
  const ending = useSubmit(dialog.onClose, async (form) => {
    const ended = await call<InterviewSessionHistory[]>(
      supabase,
      "admin_revoke_session",
      {
        user_id: session.user_id,
        // this very session: the user may have started another one
        session_id: session.session_id,
        note: textIn(form, "note"),
      },
    );
    toast(
      ended.length > 0
        ? `The session of ${name} was ended.`
        : `This session of ${name} was over already. Nothing was changed.`,
    );
  });
  return (
    <Dialog
      title="End this session?"
      {...dialog}
      submitting={ending}
      submit="End session"
      color="red.9"
    >
      <Text size="sm">
        {name}, on {session.device ?? "an unknown device"}, since{" "}
        {moment(session.started_at)}. The page there says that an administrator
        has ended the interview. Saved answers are kept.
      </Text>
      <Note />
    </Dialog>
  );
}

export function ExtendDialog(
  { session, interview, ...dialog }: DialogProps & {
    interview: Interview;
  },
) {
  const { supabase } = useApp();
  const toast = useToast();
  const name = nameOf(session);
  const extending = useSubmit(dialog.onClose, async (form) => {
    const minutes = Number(form.get("minutes"));
    const [extended] = await call<Interview[]>(
      supabase,
      "admin_extend_interview",
      {
        user_id: session.user_id,
        interview_id: interview.interview_id,
        by: `${minutes * 60} seconds`,
        note: textIn(form, "note"),
      },
    );
    toast(
      extended
        ? `${name} has ${counted(minutes, "minute")} more, until ${
          moment(extended.deadline_at)
        }.`
        : `The interview of ${name} no longer exists. Nothing was changed.`,
    );
  });
  return (
    <Dialog
      title="Give more time"
      {...dialog}
      submitting={extending}
      submit="Give more time"
    >
      <Text size="sm">
        The interview of {name} ends{" "}
        {moment(interview.deadline_at)}. Time that was given cannot be taken
        back.
      </Text>
      <TextInput
        label="Minutes"
        name="minutes"
        type="number"
        inputMode="numeric"
        min={1}
        max={1440}
        step={1}
        defaultValue={10}
        required
        withAsterisk={false}
        data-autofocus
      />
      <Note />
    </Dialog>
  );
}

function Note() {
  return (
    <Textarea
      label="Note"
      description="Only administrators and developers see it."
      name="note"
      rows={2}
      maxLength={1000}
    />
  );
}

function textIn(form: FormData, name: string): string | null {
  return String(form.get(name) ?? "").trim() || null;
}

/** Submits a dialog's form. A failure keeps the dialog, and what was typed. */
function useSubmit(
  onClose: () => void,
  work: (form: FormData) => Promise<void>,
) {
  const queries = useQueryClient();
  return useMutation({
    networkMode: "always",
    mutationFn: work,
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: ["admin"] }),
  });
}

function Dialog(
  { title, isOpen, opener, onClose, submitting, submit, color, children }: {
    title: string;
    isOpen: boolean;
    opener: RefObject<HTMLElement | null>;
    onClose(): void;
    submitting: ReturnType<typeof useSubmit>;
    submit: string;
    color?: string;
    children: ReactNode;
  },
) {
  const { error, isPending } = submitting;
  const close = () => {
    submitting.reset();
    onClose();
  };
  return (
    <Modal.Root
      opened={isOpen}
      onClose={close}
      returnFocus={false}
      onExitTransitionEnd={() => giveFocusTo(opener.current)}
      centered
    >
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Body pt="md">
          {/* not Modal.Header: its <header> counts as one of the page */}
          <Group justify="space-between" wrap="nowrap" mb="xs">
            <Modal.Title fw={600}>{title}</Modal.Title>
            <Modal.CloseButton aria-label="Close" />
          </Group>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              submitting.mutate(new FormData(event.currentTarget));
            }}
          >
            <Stack>
              {children}
              <div role="alert">
                {error && (
                  <Alert role="presentation" variant="light" color="red">
                    {failure(error)}
                  </Alert>
                )}
              </div>
              <Group justify="flex-end" gap="xs">
                <Button variant="default" onClick={close}>Cancel</Button>
                <Button type="submit" loading={isPending} color={color}>
                  {submit}
                </Button>
              </Group>
            </Stack>
          </form>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** To the page's heading, if the element is gone. */
function giveFocusTo(element: HTMLElement | null) {
  const target = element?.isConnected ? element : document.querySelector("h1");
  target?.focus();
}

/** When what had the focus has gone, the page's heading gets it. */
export function focusHeadingIfLost() {
  const { activeElement } = document;
  if (!activeElement || activeElement === document.body) giveFocusTo(null);
}

/** Without an answer, nobody knows whether it was done. */
function failure(error: Error): string {
  return error instanceof CallFailed && !error.isUnanswered
    ? `Nothing was changed. ${error.message}`
    : "There was no answer. It may have been done all the same: close this, and look before you try again.";
}
