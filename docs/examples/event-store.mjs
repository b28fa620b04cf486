// An event store: what is appended was decided on the state that the writer has read.
// Two cashiers take money from one account; whoever comes second decides again.
import { openEngine } from 'odradek/engine';

const engine = await openEngine('./data');
const account = await engine.log('account', { valueEncoding: 'json' });
await account.append({ value: { deposited: 100 } });

/** The balance, and the offset up to which it holds. */
async function load() {
  let balance = 0;
  const at = account.endOffset;
  for await (const { value } of account.records({ to: at })) {
    balance += (value.deposited ?? 0) - (value.withdrawn ?? 0);
  }
  return { balance, at };
}

async function withdraw(who, amount) {
  for (;;) {
    const { balance, at } = await load();
    if (balance < amount) return console.log(`${who} is refused: ${balance} are left`);
    try {
      await account.append({ value: { withdrawn: amount } }, { expectedOffset: at });
      return console.log(`${who} got ${amount}`);
    } catch (error) {
      if (error.code !== 'OFFSET_MISMATCH') throw error;
    }
  }
}

await Promise.all([withdraw('Ann', 80), withdraw('Bob', 80)]);
await engine.close();
