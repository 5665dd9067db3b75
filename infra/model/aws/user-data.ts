export const userData = (_: {
  bucket: string;
  region: string;
  deployment: string;
  machine: string;
}): string => "";
