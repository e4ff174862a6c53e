// Where the console begins.
import './design/tokens.css';
import './design/base.css';
import './design/parts.css';
import './design/shell.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError, whenUnauthorised } from './api/client';
import { Gatekeeper } from './app/gatekeeper';
import { routerOf } from './app/router';
import { sessionQuery } from './app/session';

/** Attempts before a page says that something cannot be loaded. */
const ATTEMPTS_MAX = 2;
/** Status of an answer to whoever asks too much. */
const TOO_MANY = 429;
const RETRY_MAX_MS = 30_000;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The stream tells of changes; going back to a tab is no reason to ask for everything.
      refetchOnWindowFocus: false,
      staleTime: 10_000,
      // Who asks too much is told when to ask again; any other refusal stands.
      retry: (attempts, error) => {
        const isRefused = error instanceof ApiError && error.status >= 400 && error.status < 500;
        return attempts < ATTEMPTS_MAX && (!isRefused || error.status === TOO_MANY);
      },
      retryDelay: (attempts, error) =>
        (error instanceof ApiError ? error.waitMs : null) ?? Math.min(1_000 * 2 ** attempts, RETRY_MAX_MS),
    },
  },
});

whenUnauthorised(() => void client.invalidateQueries({ queryKey: sessionQuery.queryKey }, { cancelRefetch: false }));
const router = routerOf(client);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <Gatekeeper>
          <RouterProvider router={router} />
        </Gatekeeper>
      </QueryClientProvider>
    </StrictMode>,
  );
}
