// Under which keys the answers that these pages share are kept.

export const ACCOUNTS_KEY = ['accounts'] as const;
export const API_KEYS_KEY = ['api-keys'] as const;
