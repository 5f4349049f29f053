// A client that makes one call and prints its answer: a process that can be
// killed before it does. Arguments: the database's address, the user, the call.
import { asUser, connectTo, textOf } from "./support.ts";

const [url, user, call] = Deno.args;
const sql = connectTo(url);
const rows = await asUser(
  sql,
  user,
  (transaction) => transaction.unsafe(textOf(JSON.parse(call))),
);
console.log(JSON.stringify(rows));
await sql.end();
