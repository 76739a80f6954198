/** As whom servers run. `postgres` refuses to run as root; uid and gid 65534 (nobody) exist on every Linux. */
const NOBODY = 65534;

/** The owner of servers and their files: nobody for root, otherwise whoever runs the tests. */
export const OWNER: { readonly uid: number; readonly gid: number } =
  process.getuid!() === 0 ? { uid: NOBODY, gid: NOBODY } : { uid: process.getuid!(), gid: process.getgid!() };
