/**
 * A security group rule's description: AWS takes 255 characters of a small set, and refuses the rule otherwise (EC2 API reference,
 * IpRange).
 */
export function description(text: string): string {
  return text.replace(/[^A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]/g, "?").slice(0, 255);
}
