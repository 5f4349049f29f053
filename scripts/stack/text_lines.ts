// Cuts a stream of text into lines.

/** Lines without their line ends; what follows the last one is a line too. */
export class TextLineStream extends TransformStream<string, string> {
  /** A stream for one text. */
  constructor() {
    let rest = "";
    super({
      transform(chunk, controller) {
        const lines = (rest + chunk).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
