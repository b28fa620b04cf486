import type { Reader } from './reader.js';
import type { Writer } from './writer.js';

/** The first eight bytes of a request, which have this layout in every version of every API. */
export interface RequestStart {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
}

const API_VERSIONS_KEY = 18;

/** The fields of a table that decide the header version of its messages. */
interface HeaderRules {
  readonly apiKey: number;
  readonly flexible: number;
}

/** 2 for flexible versions (KIP-482), 1 for the others; nothing we serve uses header version 0. */
export function requestHeaderVersion(rules: HeaderRules, version: number): 1 | 2 {
  return version >= rules.flexible ? 2 : 1;
}

/** 1 for flexible versions; always 0 for ApiVersions, whose sender cannot know our versions yet. */
export function responseHeaderVersion(rules: HeaderRules, version: number): 0 | 1 {
  return version >= rules.flexible && rules.apiKey !== API_VERSIONS_KEY ? 1 : 0;
}

/** Reads what every request starts with. The rest of the header depends on it. */
export function readRequestStart(reader: Reader): RequestStart {
  return {
    apiKey: reader.int16(),
    apiVersion: reader.int16(),
    correlationId: reader.int32(),
  };
}

/** Reads the client id and, in header version 2, passes over the tagged section. */
export function readClientId(reader: Reader, headerVersion: 1 | 2): string | null {
  // The client id keeps the int16 length in version 2, so that old servers can read past it.
  const clientId = reader.nullableString();
  if (headerVersion === 2) reader.skipTags();
  return clientId;
}

export function writeRequestHeader(
  writer: Writer,
  start: RequestStart,
  clientId: string | null,
  headerVersion: 1 | 2,
): void {
  writer.int16(start.apiKey);
  writer.int16(start.apiVersion);
  writer.int32(start.correlationId);
  writer.nullableString(clientId);
  if (headerVersion === 2) writer.uvarint(0);
}

/** Reads the correlation id and, in header version 1, passes over the tagged section. */
export function readResponseHeader(reader: Reader, headerVersion: 0 | 1): number {
  const correlationId = reader.int32();
  if (headerVersion === 1) reader.skipTags();
  return correlationId;
}

export function writeResponseHeader(
  writer: Writer,
  correlationId: number,
  headerVersion: 0 | 1,
): void {
  writer.int32(correlationId);
  if (headerVersion === 1) writer.uvarint(0);
}
