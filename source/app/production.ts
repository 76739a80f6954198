/**
 * Imported before React, which looks at this once, when it is loaded: its development build measures every render and keeps the
 * measurements, which is slow, and grows for hours.
 */
const { env } = process;
env['NODE_ENV'] ??= 'production';
