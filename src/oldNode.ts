// Refuses a Node that is too old for the bundle. The entries load everything else afterwards: a static import would come first.

/** As `engines` of package.json says. */
const OLDEST: readonly [major: number, minor: number] = [22, 18];

/** A sentence that says what is wrong with a version of Node; null when the bundle runs on it. */
export function refusalOf(version: string): string | null {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  return isOld ? `Mailscope needs Node ${OLDEST.join('.')} or newer, and this is Node ${version}.` : null;
}
