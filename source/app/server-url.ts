/** Connection strings as the picker meets them: recognised, and shown without their password. */

/** True for what libpq would take as a connection URI. */
export function isServerUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text);
}

/** The URL with its password hidden, wherever it stands. */
export function maskPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@/]*@/, '$1:…@').replace(/([?&]password=)[^&]*/g, '$1…');
}
