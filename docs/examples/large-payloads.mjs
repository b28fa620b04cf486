// Large payloads by reference: the bytes are a file, the record has its name and checksum.
// The file is durable before the record that names it, so a record never names nothing.
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { openEngine } from 'odradek/engine';

const engine = await openEngine('./data');
const uploads = await engine.log('uploads', { valueEncoding: 'json' });
await mkdir('./payloads', { recursive: true });

async function put(name, bytes) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = `./payloads/${sha256}`;
  const file = await open(`${path}.part`, 'w');
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
  await rename(`${path}.part`, path);
  const folder = await open('./payloads');
  await folder.sync();
  await folder.close();
  return uploads.append({ key: name, value: { sha256, bytes: bytes.length } });
}

await put('film', Buffer.alloc(8_000_000, 7));
for await (const { key, value } of uploads.records()) {
  const bytes = await readFile(`./payloads/${value.sha256}`);
  const isWhole = createHash('sha256').update(bytes).digest('hex') === value.sha256;
  console.log(`${key}: ${bytes.length} bytes, ${isWhole ? 'as they were sent' : 'DAMAGED'}`);
}
await engine.close();
