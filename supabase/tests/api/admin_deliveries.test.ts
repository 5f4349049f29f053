// admin_list_deliveries and admin_retry_deliveries, as an admin page calls them.
import assert from "node:assert/strict";
import {
  call,
  granted,
  isoTimestamp,
  projectOfThisFile,
  type User,
} from "./support.ts";

const project = projectOfThisFile();

async function newAdministrator(): Promise<User> {
  const user = await project.newUser();
  await project.superuser`
    update auth.users
    set raw_app_meta_data = '{"session_admin": true}'
    where id = ${user.id}`;
  // the claim is in the next token
  return { ...user, client: await project.signIn(user) };
}

Deno.test("M17 C3 an administrator sees what is not confirmed, and has it tried again; nobody else does", async () => {
  const [administrator, user] = [
    await newAdministrator(),
    await project.newUser(),
  ];
  await project.sql`
    insert into sessions.endpoints (name, url)
    values ('meter', 'https://meter.example.com/?key=hidden')`;
  granted(await user.client.rpc("start_session", { session_id: "a" }));
  granted(await user.client.rpc("end_session", { session_id: "a" }));
  await project.sql`
    update sessions.deliveries
    set attempts = 12, due_at = null, last_error = 'The receiver answered 500.'
    where true`;

  for (const client of [user.client, project.service]) {
    for (const name of ["admin_list_deliveries", "admin_retry_deliveries"]) {
      const { status, error } = await call(client, name, {});
      assert.equal(status, 403, name);
      assert.equal(error?.code, "42501", name);
    }
  }

  const [listed] = granted(
    await administrator.client.rpc("admin_list_deliveries", { state: "dead" }),
  );
  assert.equal(listed.total, 1);
  const [{ id, created_at, ...delivery }] = listed.deliveries;
  assert.match(created_at, isoTimestamp);
  assert.deepEqual(delivery, {
    endpoint: "meter",
    state: "dead",
    user_id: user.id,
    email: user.email,
    session_id: "a",
    interview_id: null,
    end_reason: "disconnected",
    attempts: 12,
    due_at: null,
    seconds_to_due: null,
    last_error: "The receiver answered 500.",
  });
  assert.deepEqual(listed.endpoints, [{
    name: "meter",
    state: "on",
    delivered: 0,
    last_delivered_at: null,
    last_error: null,
    last_error_at: null,
  }]);
  assert.doesNotMatch(JSON.stringify(listed), /https|hidden/);

  assert.equal(
    granted(
      await administrator.client.rpc("admin_retry_deliveries", { id }),
    ),
    1,
  );
  const [after] = granted(
    await administrator.client.rpc("admin_list_deliveries", {}),
  );
  assert.deepEqual(
    after.deliveries.map(({ state, attempts }) => ({ state, attempts })),
    [{ state: "pending", attempts: 0 }],
  );
});
