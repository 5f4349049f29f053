// A list of sessions: TanStack Table, which the server has searched, sorted and cut
// into pages. On a phone each row is a card with all that the row has.
import { Button, Group, NativeSelect, Text } from "@mantine/core";
import {
  type ColumnDef,
  createColumnHelper,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import type { ReactNode } from "react";
import { type Address, go, type Sort } from "./address.ts";
import { type ListOf, pageSize } from "./api.ts";
import classes from "./table.module.css";
import { count, moment } from "./words.ts";

export interface Column<Row> {
  /** By which the server sorts; or any other name. */
  id: string;
  heading: string;
  cell(row: Row): ReactNode;
  /** How it can be sorted; absent: it cannot. */
  sorted?: { up: string; down: string };
  isNumber?: boolean;
}

const features = tableFeatures({ rowSortingFeature });

/** The columns, and the same for TanStack Table. */
export interface Columns<Row extends object> {
  columns: Column<Row>[];
  definitions: ColumnDef<typeof features, Row>[];
}

/** Called once for each list: new definitions would draw every cell anew. */
export function columnsOf<Row extends object>(
  columns: Column<Row>[],
): Columns<Row> {
  const helper = createColumnHelper<typeof features, Row>();
  return {
    columns,
    definitions: columns.map((column) =>
      helper.display({
        id: column.id,
        header: column.heading,
        cell: ({ row }) => column.cell(row.original),
        enableSorting: column.sorted !== undefined,
        sortDescFirst: false,
      })
    ),
  };
}

/** The list, with its order and its pages in the address. */
export function SessionTable<Row extends object>(
  {
    label,
    list,
    isPlaceholder,
    address,
    usualSort,
    columns: { columns, definitions },
    keyOf,
    hintToSeeAll,
  }: {
    label: string;
    list: ListOf<Row>;
    /** Whether these are still the rows of the question before. */
    isPlaceholder: boolean;
    address: Address;
    usualSort: Sort;
    columns: Columns<Row>;
    keyOf(row: Row): string;
    /** What to do if older rows were not searched. */
    hintToSeeAll: string;
  },
) {
  const sort =
    columns.some(({ id, sorted }) => sorted && id === address.sort?.by)
      ? address.sort!
      : usualSort;
  const sortBy = (next: Sort) =>
    go({
      ...address,
      sort: next.by === usualSort.by && next.descending === usualSort.descending
        ? undefined
        : next,
      page: 1,
    });
  const sorting = [{ id: sort.by, desc: sort.descending }];
  const table = useTable({
    features,
    columns: definitions,
    data: list.rows,
    getRowId: keyOf,
    manualSorting: true,
    enableSortingRemoval: false,
    state: { sorting },
    onSortingChange(updater) {
      const [next] = typeof updater === "function" ? updater(sorting) : updater;
      if (next) sortBy({ by: next.id, descending: next.desc });
    },
  });
  const columnOf = (id: string) => columns.find((column) => column.id === id)!;
  return (
    <>
      <SortChoice columns={columns} sort={sort} onSort={sortBy} />
      <div
        className={classes.scroll}
        role="region"
        aria-label={label}
        tabIndex={0}
        aria-busy={isPlaceholder}
      >
        {/* the roles, since cards on a phone are no table to a browser */}
        <table className={classes.table} role="table">
          <thead role="rowgroup">
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} role="row">
                {group.headers.map(({ column }) => {
                  const { heading, sorted, isNumber } = columnOf(column.id);
                  const direction = column.getIsSorted();
                  return (
                    <th
                      key={column.id}
                      role="columnheader"
                      scope="col"
                      className={isNumber ? classes.number : undefined}
                      aria-sort={!sorted || !direction
                        ? undefined
                        : direction === "asc"
                        ? "ascending"
                        : "descending"}
                    >
                      {sorted
                        ? (
                          <button
                            type="button"
                            className={classes.sort}
                            onClick={() => column.toggleSorting()}
                          >
                            {heading}
                            <span aria-hidden="true" className={classes.arrow}>
                              {direction === "asc"
                                ? "▲"
                                : direction === "desc"
                                ? "▼"
                                : ""}
                            </span>
                          </button>
                        )
                        : heading}
                    </th>
                  );
                })}
              </tr>
            ))}
          </thead>
          <tbody role="rowgroup">
            {table.getRowModel().rows.map((row) => (
              <tr key={row.id} role="row">
                {row.getAllCells().map((cell, i) => {
                  const { heading, isNumber } = columnOf(cell.column.id);
                  return (
                    <td
                      key={cell.id}
                      role={i === 0 ? "rowheader" : "cell"}
                      data-heading={heading}
                      className={isNumber ? classes.number : undefined}
                    >
                      <table.FlexRender cell={cell} />
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pages list={list} address={address} hintToSeeAll={hintToSeeAll} />
    </>
  );
}

/** On a phone, where the table has no heading to press. */
function SortChoice<Row>(
  { columns, sort, onSort }: {
    columns: Column<Row>[];
    sort: Sort;
    onSort(sort: Sort): void;
  },
) {
  return (
    <NativeSelect
      className={classes.sortChoice}
      label="Sort by"
      value={(sort.descending ? "-" : "") + sort.by}
      onChange={({ currentTarget: { value } }) =>
        onSort({
          by: value.replace("-", ""),
          descending: value.startsWith("-"),
        })}
      data={columns.flatMap(({ id, heading, sorted }) =>
        sorted
          ? [
            { value: id, label: `${heading}, ${sorted.up}` },
            { value: `-${id}`, label: `${heading}, ${sorted.down}` },
          ]
          : []
      )}
    />
  );
}

function Pages<Row>(
  { list: { rows, total, searchedSince }, address, hintToSeeAll }: {
    list: ListOf<Row>;
    address: Address;
    hintToSeeAll: string;
  },
) {
  const last = Math.max(Math.ceil(total / pageSize), 1);
  const { page } = address;
  const first = (page - 1) * pageSize;
  const to = (next: number, name: string) => {
    const isPossible = next >= 1 && next <= last && next !== page;
    return (
      <Button
        key={name}
        variant="default"
        size="compact-md"
        // stays focusable, so that the focus is not lost on the last page
        aria-disabled={!isPossible}
        data-disabled={!isPossible || undefined}
        onClick={() => isPossible && go({ ...address, page: next })}
      >
        {name}
      </Button>
    );
  };
  return (
    <Group justify="space-between" mt="sm" gap="xs">
      <Text size="sm" c="dimmed">
        {rows.length === 0
          ? "None on this page"
          : `${count(first + 1)}–${count(first + rows.length)} of ${
            count(total)
          }`}
        {searchedSince &&
          `, among the latest 10,000 (since ${
            moment(searchedSince)
          }). ${hintToSeeAll}`}
      </Text>
      {(last > 1 || page > 1) && (
        <Group component="nav" aria-label="Pages" gap={6}>
          {to(1, "First")}
          {to(Math.min(page - 1, last), "Previous")}
          <Text size="sm" component="span">
            Page {count(page)} of {count(last)}
          </Text>
          {to(page + 1, "Next")}
          {to(last, "Last")}
        </Group>
      )}
    </Group>
  );
}
