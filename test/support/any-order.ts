/** Of a segment whose headers need to agree with nothing. */
export const ANY_ORDER = { isGapless: false, endOffset: Number.MAX_SAFE_INTEGER, epochs: [] };
