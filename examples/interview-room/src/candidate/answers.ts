// What the candidate has written, kept on the page and saved whenever it can be:
// a moment after the last keystroke, and again when the connection is back or the
// interview goes on under a new grant.
import type { SupabaseClient } from "@supabase/supabase-js";
import type {
  ActiveInterviewSession,
  InterviewSession,
} from "interview-sessions";
import { questions } from "./questions.ts";

/** How it stands with one answer. */
export type AnswerState =
  | "empty"
  | "saved"
  | "saving"
  /** Kept on this page, for when it can be saved. */
  | "kept"
  /** The interview is no longer this page's, and so neither is the answer. */
  | "refused";

/** One answer. */
export interface Answer {
  text: string;
  state: AnswerState;
}

/** The answers of an interview. */
export interface Answers {
  /** All of them: a new array whenever one changes. */
  all(): readonly Answer[];
  subscribe(listener: () => void): () => void;
  write(index: number, text: string): void;
  /** Saves what is not saved; says whether nothing is left to save. */
  save(): Promise<boolean>;
  dispose(): void;
}

const PAUSE_MS = 700;
const RETRY_MS = 3_000;

/** The answers that go with `session`. */
export function createAnswers(
  supabase: SupabaseClient,
  session: InterviewSession,
): Answers {
  const listeners = new Set<() => void>();
  const texts = questions.map(() => "");
  /** What the table has, and from which session. */
  const saved: ({ text: string; session_id: string } | undefined)[] = [];
  let all: Answer[] = questions.map(() => ({ text: "", state: "empty" }));
  let isSaving = false;
  let isRefused = false;
  let hasFailed = false;
  let isDisposed = false;
  let wasTroubled = false;
  let holding: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const unsubscribe = session.subscribe(() => {
    const granted = held();
    if (granted && granted.session_id !== holding) {
      holding = granted.session_id;
      isRefused = false;
      void fetchFrom(granted).then(save);
    } else if (wasTroubled && !isTroubled()) {
      saveIn(0);
    }
    wasTroubled = isTroubled();
    tell();
  });

  function held(): ActiveInterviewSession | undefined {
    const state = session.state();
    return state.name === "live" || state.name === "completing"
      ? state.session
      : undefined;
  }

  function isTroubled(): boolean {
    const state = session.state();
    return !held() || "trouble" in state && !!state.trouble;
  }

  function isSaved(index: number): boolean {
    const known = saved[index];
    if (!known) return texts[index] === "";
    return known.text === texts[index] &&
      (!holding || known.session_id === holding);
  }

  function tell() {
    if (isDisposed) return;
    const state = (index: number): AnswerState => {
      if (isSaved(index)) return texts[index] === "" ? "empty" : "saved";
      if (isRefused) return "refused";
      return hasFailed || isTroubled() && !isSaving ? "kept" : "saving";
    };
    all = texts.map((text, index) => ({ text, state: state(index) }));
    for (const listener of [...listeners]) listener();
  }

  function saveIn(ms: number) {
    clearTimeout(timer);
    timer = setTimeout(() => void save(), ms);
  }

  function save(): Promise<boolean> {
    const result = queue.then(saveOnce);
    queue = result.catch(() => {});
    return result;
  }

  async function saveOnce(): Promise<boolean> {
    const open = texts.map((_, index) => index).filter((i) => !isSaved(i));
    if (open.length === 0) return true;
    const granted = held();
    if (!granted || isDisposed) return false;
    const { session_id, fence } = granted;
    const rows = open.map((index) => ({
      session_id,
      fence,
      question: index + 1,
      answer: texts[index],
    }));
    clearTimeout(timer);
    isSaving = true;
    tell();
    const { error, status } = await supabase.from("interview_answers")
      .upsert(rows, { onConflict: "user_id,session_id,question" })
      .abortSignal(AbortSignal.timeout(8_000));
    isSaving = false;
    hasFailed = !!error;
    if (!error) {
      for (const { question, answer } of rows) {
        saved[question - 1] = { text: answer, session_id };
      }
    } else if (status === 403) {
      isRefused = true;
      // why, the session will learn
      session.check();
    } else if (!isDisposed) {
      session.check();
      saveIn(RETRY_MS);
    }
    tell();
    return texts.every((_, index) => isSaved(index));
  }

  /** The answers of the session that this one took over, on whichever device. */
  async function fetchFrom({ previous_session_id }: ActiveInterviewSession) {
    if (!previous_session_id) return;
    const { data } = await supabase.from("interview_answers")
      .select("question, answer")
      .eq("session_id", previous_session_id);
    for (const { question, answer } of data ?? []) {
      const index = question - 1;
      // not over what was written here and never saved
      if (texts[index] !== (saved[index]?.text ?? "")) continue;
      texts[index] = answer;
      saved[index] = { text: answer, session_id: previous_session_id };
    }
    tell();
  }

  return {
    all: () => all,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    write(index, text) {
      texts[index] = text;
      tell();
      saveIn(PAUSE_MS);
    },
    save,
    dispose() {
      isDisposed = true;
      clearTimeout(timer);
      unsubscribe();
      listeners.clear();
    },
  };
}
