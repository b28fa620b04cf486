import type { AfterWrite, Group, Step } from './group.js';
import { groupValue } from './stored-group.js';

const NOTHING = Buffer.alloc(0);

/**
 * Has the group's record written; `after` happens in `stored`. One write at a time: events that ask
 * for a write meanwhile share the next one, so that a record of a thousand members is not written
 * for each of a thousand static members that come back.
 */
export function store(step: Step, after: AfterWrite): void {
  const { group } = step;
  group.isStored = true;
  group.unwritten.push(after);
  if (group.writing === null) beginWrite(step);
}

/** Begins a write if one is asked for and still wanted. */
export function beginWrite(step: Step): void {
  const { group, actions } = step;
  const afters = group.unwritten.splice(0).filter((after) => isWanted(group, after));
  if (afters.length === 0) return;
  const write = ++group.lastWrite;
  group.writing = { write, afters };
  const assign = afters.find(({ kind }) => kind === 'assign');
  const plan = assign?.kind === 'assign' ? assign.plan : null;
  step.passed += group.members.size;
  const value = groupValue(
    group,
    (member) => plan?.get(member.id) ?? (plan ? NOTHING : member.assignment),
  );
  actions.push({ kind: 'store', write, value });
}

/**
 * Whether the group is still in the state in which the write was asked for; a rebalance since then
 * writes its own record.
 */
export function isWanted(group: Group, after: AfterWrite): boolean {
  switch (after.kind) {
    case 'assign':
      return group.state === 'CompletingRebalance' && group.generation === after.generation;
    case 'answer-replaced':
      return (
        group.state === 'Stable' && group.members.get(after.memberId)?.joining === after.ticket
      );
    case 'nothing':
      return group.state === 'Empty';
  }
}
