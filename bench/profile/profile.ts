export async function profile(_w: string, _o: unknown): Promise<number> {
  return 0;
}
