import type { Api, ApiByKey } from './api.js';
import { codec } from './compile.js';
import { ELEMENTS_AT_ONCE_MAX, type Slices } from './encode-in-slices.js';
import {
  type RequestStart,
  readClientId,
  readRequestStart,
  readResponseHeader,
  requestHeaderVersion,
  responseHeaderVersion,
  writeRequestHeader,
  writeResponseHeader,
} from './header.js';
import { ProtocolError } from './protocol-error.js';
import { ELEMENTS_MAX, Reader } from './reader.js';
import type { InputOf, Message, ValueOf } from './schema.js';
import { type Part, Writer } from './writer.js';

/**
 * Size of the first buffer of an answer that is encoded in slices; the buffer is its own, and
 * grows.
 */
const LARGE_RESPONSE_BYTES = 64 * 1024;

/** A decoded request. Byte fields are views on its frame. */
export interface RequestFrame {
  readonly api: Api;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Array elements and tagged fields; long strings count for elements, too. */
  readonly elements: number;
  readonly body: ValueOf<Message>;
}

/**
 * Reads the first eight bytes of a request without its size prefix: enough to answer an ApiVersions
 * request of an unknown version, and to name an unknown API.
 *
 * @throws ProtocolError `TRUNCATED` if there are fewer
 */
export function decodeRequestStart(frame: Buffer): RequestStart {
  return readRequestStart(new Reader(frame));
}

/**
 * Decodes a request without its size prefix. Byte fields are views on `frame`, which must stay
 * unchanged while they are in use. Bytes behind the body are ignored, as Kafka does.
 *
 * @param apiByKey the APIs that are known
 * @param elementsMax bound on array elements and tagged fields over the whole frame
 * @throws ProtocolError `UNKNOWN_API`, `UNSUPPORTED_VERSION`, or why the bytes cannot be read
 */
export function decodeRequest(
  frame: Buffer,
  apiByKey: ApiByKey,
  elementsMax = ELEMENTS_MAX,
): RequestFrame {
  const reader = new Reader(frame, 0, elementsMax);
  const request = readHead(reader, apiByKey);
  const { decode } = codec<Message['fields']>(request.api.request, request.apiVersion);
  request.body = decode(reader);
  request.elements = elementsMax - reader.elementsLeft;
  return request;
}

/**
 * As `decodeRequest`, with pauses between the elements of arrays. Rejects where `decodeRequest`
 * throws.
 */
export async function decodeRequestInSlices(
  frame: Buffer,
  apiByKey: ApiByKey,
  elementsMax: number,
  slices: Slices,
): Promise<RequestFrame> {
  const reader = new Reader(frame, 0, elementsMax);
  const request = readHead(reader, apiByKey);
  const { decodeInSlices } = codec<Message['fields']>(request.api.request, request.apiVersion);
  request.body = await decodeInSlices(reader, slices);
  request.elements = elementsMax - reader.elementsLeft;
  return request;
}

/** A request whose body is still to be read. */
type RequestHead = { -readonly [K in keyof RequestFrame]: RequestFrame[K] };

function readHead(reader: Reader, apiByKey: ApiByKey): RequestHead {
  const { apiKey, apiVersion, correlationId } = readRequestStart(reader);
  const api = apiByKey(apiKey);
  if (api === undefined) throw new ProtocolError('UNKNOWN_API', `API key ${apiKey} is not known`);
  checkVersion(api, apiVersion);
  const clientId = readClientId(reader, requestHeaderVersion(api.request, apiVersion));
  return { api, apiVersion, correlationId, clientId, elements: 0, body: {} };
}

/**
 * Encodes a request with its size prefix into one buffer.
 *
 * @throws RangeError if the API does not implement the version, or holds a slice
 */
export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: InputOf<A['request']>,
): Buffer {
  const writer = new Writer();
  writer.int32(0);
  writeRequestHeader(
    writer,
    { apiKey: api.key, apiVersion: version, correlationId },
    clientId,
    requestHeaderVersion(api.request, version),
  );
  codec<Message['fields']>(api.request, version).encode(writer, body);
  const parts = writer.finishFrame();
  if (!parts.every((part) => Buffer.isBuffer(part))) {
    throw new RangeError('a request cannot hold a slice');
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

/**
 * Encodes a response with its size prefix into parts, to be sent in order. Bytes of more than 1 KiB
 * and slices in the body are parts of their own, not copied: keep them unchanged until sent.
 *
 * @throws RangeError if the API does not implement the version
 */
export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: InputOf<A['response']>,
): Part[] {
  const writer = new Writer();
  writer.int32(0);
  writeResponseHeader(writer, correlationId, responseHeaderVersion(api.response, version));
  codec<Message['fields']>(api.response, version).encode(writer, body);
  return writer.finishFrame();
}

/** Whether an answer is so large that `encodeResponseInSlices` must encode it. */
export function isLargeResponse<A extends Api>(
  api: A,
  version: number,
  body: InputOf<A['response']>,
): boolean {
  const { weigh } = codec<Message['fields']>(api.response, version);
  return weigh(body, ELEMENTS_AT_ONCE_MAX) > ELEMENTS_AT_ONCE_MAX;
}

/**
 * As `encodeResponse`, with pauses between the elements of large arrays. The body must not change
 * meanwhile.
 */
export async function encodeResponseInSlices<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: InputOf<A['response']>,
  slices: Slices,
): Promise<Part[]> {
  const writer = new Writer(LARGE_RESPONSE_BYTES);
  writer.int32(0);
  writeResponseHeader(writer, correlationId, responseHeaderVersion(api.response, version));
  await codec<Message['fields']>(api.response, version).encodeInSlices(writer, body, slices);
  return writer.finishFrame();
}

/**
 * Decodes a response without its size prefix. Byte fields are views on `frame`.
 *
 * @throws ProtocolError why the bytes cannot be read; `TRAILING_BYTES` if some are left over
 */
export function decodeResponse<A extends Api>(
  api: A,
  version: number,
  frame: Buffer,
): { readonly correlationId: number; readonly body: ValueOf<A['response']> } {
  checkVersion(api, version);
  const reader = new Reader(frame);
  const correlationId = readResponseHeader(reader, responseHeaderVersion(api.response, version));
  const body = codec<Message['fields']>(api.response, version).decode(reader);
  if (reader.remaining > 0) {
    throw new ProtocolError(
      'TRAILING_BYTES',
      `${reader.remaining} bytes behind ${api.name} response`,
    );
  }
  return { correlationId, body: body as ValueOf<A['response']> };
}

function checkVersion(api: Api, version: number): void {
  if (version < api.min || version > api.max) {
    throw new ProtocolError(
      'UNSUPPORTED_VERSION',
      `${api.name} version ${version} is not in ${api.min}-${api.max}`,
    );
  }
}
