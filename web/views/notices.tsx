// What a part shows in place of its data, or above it.
import type { ApiFailure } from '../state/apiClient.ts';

export function Loading() {
  return <p class="quiet loading">Asking …</p>;
}

/** The data below is the last that came. */
export function FailureText({ failure }: { readonly failure: ApiFailure }) {
  return (
    <p class="failure" role="status">
      {failure.message}
    </p>
  );
}
