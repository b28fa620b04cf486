/** What `node --cpu-prof` writes, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  /** Node ids, one a sample. */
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** A function and everything that it called, with its share of the time that was not idle. */
export interface Stack {
  readonly name: string;
  readonly share: number;
  readonly children: readonly Stack[];
}

const NO_WORK = new Set(['(idle)', '(program)']);

/** The functions with the largest share of the busy time to themselves, largest first. */
export function costliest(profile: CpuProfile, count: number): { name: string; share: number }[] {
  const selfUs = selfTimes(profile);
  const byName = new Map<string, number>();
  let busyUs = 0;
  for (const node of profile.nodes) {
    const us = selfUs.get(node.id) ?? 0;
    if (us === 0 || NO_WORK.has(node.callFrame.functionName)) continue;
    busyUs += us;
    const name = nameOf(node);
    byName.set(name, (byName.get(name) ?? 0) + us);
  }
  return [...byName]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, us]) => ({ name, share: us / busyUs }));
}

/** The tree of calls, without what is idle. */
export function stacksOf(profile: CpuProfile): Stack {
  const selfUs = selfTimes(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  interface Timed {
    readonly name: string;
    readonly us: number;
    readonly children: readonly Timed[];
  }
  const build = (id: number): Timed => {
    const node = byId.get(id)!;
    const children = (node.children ?? [])
      .filter((child) => !NO_WORK.has(byId.get(child)!.callFrame.functionName))
      .map(build);
    const us = (selfUs.get(id) ?? 0) + children.reduce((sum, child) => sum + child.us, 0);
    return { name: nameOf(node), us, children };
  };
  const root = build(profile.nodes[0]!.id);
  const shareOut = ({ name, us, children }: Timed): Stack => ({
    name,
    share: root.us === 0 ? 0 : us / root.us,
    children: children.map(shareOut).sort((a, b) => b.share - a.share),
  });
  return shareOut(root);
}

function selfTimes({ samples, timeDeltas }: CpuProfile): Map<number, number> {
  const selfUs = new Map<number, number>();
  for (const [i, id] of samples.entries()) {
    // A sample's function ran until the next sample was taken.
    selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(0, timeDeltas[i + 1] ?? 0));
  }
  return selfUs;
}

function nameOf({ callFrame }: CpuProfile['nodes'][number]): string {
  const { functionName, url, lineNumber } = callFrame;
  const [, file] = /\/(?:dist|node_modules)\/(.*)$/.exec(url) ?? [];
  const place = file ?? url;
  const name = functionName === '' ? '(anonymous)' : functionName;
  return place === '' ? name : `${name} ${place}:${lineNumber + 1}`;
}
