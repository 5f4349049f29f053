// What the page in recording_page offers to tests.

/** What somebody signs up and in with. */
export interface Credentials {
  email: string;
  password: string;
}

/** A part on the device, and the file that its pieces make. */
export interface KeptPart {
  id: string;
  sessionId: string | null;
  uploadUrl: string | null;
  size: number;
  sha256: string;
}

/** The functions of the page. */
export interface Room {
  /** The user's id. */
  signUp(who: Credentials): Promise<string>;
  signIn(who: Credentials): Promise<string>;
  signOut(): Promise<void>;
  /** The user's access token. */
  token(): Promise<string>;
  /** Calls a function of the database. */
  call(name: string, args: Record<string, unknown>): Promise<unknown>;
  /** The new session's id. */
  startSession(interviewId: string, takeover?: boolean): Promise<string>;
  /** Creates the recording of this interview. */
  open(interviewId: string, retryDelays?: number[]): void;
  /** Records the camera and the microphone. */
  record(sessionId?: string): Promise<void>;
  stop(): Promise<void>;
  belongsTo(sessionId: string): void;
  /** The kind of problem that it ended with; null if it succeeded. */
  upload(): Promise<string | null>;
  state(): {
    isRecording: boolean;
    problem: string | null;
    upload: string;
  };
  /** The parts on this device. */
  kept(interviewId: string): Promise<KeptPart[]>;
  /** How many seconds can be played of the last part on this device. */
  recorded(interviewId: string): Promise<number>;
  /** Puts a part of this size there, as a recorder that crashed leaves it. */
  leave(
    interviewId: string,
    sessionId: string,
    size: number,
    id?: string,
  ): Promise<void>;
  /** Plays a file to its end; how many seconds of it there were. */
  play(base64: string): Promise<number>;
}
