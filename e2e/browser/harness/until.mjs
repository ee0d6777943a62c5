/** Waits until something is true; an error tells what never came true. */
export async function until(what, isTrue, patience = 15_000) {
  const end = Date.now() + patience;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`in ${patience / 1000} s it never came true that ${what}`);
    await pause(25);
  }
}

/** Waits. */
export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
