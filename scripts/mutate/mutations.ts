// All mutations, in the order of the migrations.
import type { Mutation } from "./mutation.ts";
import { deliveries } from "./mutations/deliveries.ts";
import { healthAndAdmin } from "./mutations/health_and_admin.ts";
import { lifecycle } from "./mutations/lifecycle.ts";
import { operator } from "./mutations/operator.ts";
import { tables } from "./mutations/tables.ts";

/** Each guard of the SQL with the tests that notice its absence. */
export const mutations: Mutation[] = [
  ...tables,
  ...lifecycle,
  ...operator,
  ...healthAndAdmin,
  ...deliveries,
];
