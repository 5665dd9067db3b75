/** Whether a command line names `stack`, in any of the spellings that the CLI takes. */
export function namesStack(args: readonly string[], stack: string): boolean {
  return args.some(
    (arg, index) =>
      [`-s${stack}`, `-s=${stack}`, `--stack=${stack}`].includes(arg) ||
      (["-s", "--stack"].includes(arg) && args[index + 1] === stack),
  );
}
