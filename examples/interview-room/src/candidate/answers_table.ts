// The answers in the app's table, for drafts: see schema.sql.
import type { SupabaseClient } from "@supabase/supabase-js";
import type {
  DraftsOptions,
  DraftsState,
  SavedDraft,
} from "interview-sessions/drafts";
import { interviewId, questions } from "../interview.ts";

interface Row {
  question: number;
  answer: string;
  fence: number;
  revision: number;
  saved_at: string;
}

const columns = "question, answer, fence, revision, saved_at";

/** Loads and saves a candidate's answers. */
export function answersTable(
  supabase: SupabaseClient,
  userId: string,
): DraftsOptions {
  return {
    interviewId,
    userId,
    // nothing that was on the screen for a second is lost, on any device
    quiet: 0.5,
    longestWait: 1,
    async load() {
      const { data } = await supabase.from("interview_answers")
        .select(columns)
        .eq("interview_id", interviewId)
        .overrideTypes<Row[], { merge: false }>()
        .throwOnError();
      return data.map(draftOf);
    },
    async save(drafts, { session_id }) {
      const rows = drafts.map(({ key, text, fence, revision }) => ({
        user_id: userId,
        interview_id: interviewId,
        question: Number(key),
        answer: text,
        session_id,
        fence,
        revision,
      }));
      const { data } = await supabase.from("interview_answers")
        .upsert(rows, { onConflict: "user_id,interview_id,question" })
        .select(columns)
        .overrideTypes<Row[], { merge: false }>()
        .throwOnError();
      return data.map(draftOf);
    },
  };
}

function draftOf({ question, answer, saved_at, ...version }: Row): SavedDraft {
  return { key: `${question}`, text: answer, savedAt: saved_at, ...version };
}

/** The key of a question's draft. */
export function keyOf(index: number): string {
  return `${index + 1}`;
}

/** How many answers the server has not, or not as they are on this page. */
export function notOnTheServer({ drafts }: DraftsState): number {
  return Object.values(drafts)
    .filter(({ status }) => status !== "saved" && status !== "empty").length;
}

/** The indexes of the questions without an answer. */
export function unanswered({ drafts }: DraftsState): number[] {
  return questions.map((_, index) => index)
    .filter((index) => !drafts[keyOf(index)]?.text.trim());
}
