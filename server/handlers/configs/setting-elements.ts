import { SERVER_LIMITS } from '../../limits.js';

/** A setting in a request or an answer. */
interface Setting {
  readonly value: string | null;
}

/** Elements that a setting counts for: lists are split, and each element is looked at. */
export function settingElements({ value }: Setting): number {
  const { configValueLengthMax, settingElementChars } = SERVER_LIMITS;
  const parsedLength = Math.min(value?.length ?? 0, configValueLengthMax);
  return 1 + Math.floor(parsedLength / settingElementChars);
}
