/** In the order in which they are taken out. Every one that a form has is longer than the hold. */
const OF_FORMS: readonly (readonly [RegExp, string])[] = [
  // In a URI.
  [/(?<=[?&])\w*timeout\w*=\d+s?(&|(?=["\s]|$))/gi, ""],
  [/[?&](?="|$)/g, ""],
  // In Go, which compiles no package that isn't used.
  [/options\.DialTimeout, .*/g, "_ = time.Second"],
  // In Java and Rust.
  [/( factory|config)?\.\w*timeout\w*\(([\w.:]*(ofSeconds|from_secs)\()?[\d_]+\)+;?/gi, ""],
  // In Python and JavaScript: arguments, properties, and a setting.
  [/,?\s*"?[\w.]*timeout"?( = |=|: )([\d_]+|True)/gi, ""],
];

/** A form without the time-outs that it sets: what its client has as it comes. */
export function withoutTimeOuts(form: string): string {
  return OF_FORMS.reduce((text, [what, instead]) => text.replaceAll(what, instead), form);
}
