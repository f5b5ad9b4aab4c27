// Reads who is signed in, from the header of the platform's sign-in.
import { isRecord } from '../rules/classify.ts';

/**
 * The roles of the signed-in account; null when nobody is signed in, or when the header cannot be read.
 *
 * The header is a claims principal as JSON in Base64 ("Work with user identities in Azure App Service authentication").
 * The platform may rename claims, so the principal says itself which type of claim holds roles.
 *
 * @param header `x-ms-client-principal`; only the platform may have set it
 */
export function rolesOfPrincipal(header: string | null): readonly string[] | null {
  const principal = decode(header ?? '');
  if (!isRecord(principal) || !Array.isArray(principal.claims)) return null;
  const { role_typ: roleType, claims } = principal;
  if (typeof roleType !== 'string' || roleType === '') return [];
  return claims.flatMap((claim: unknown) =>
    isRecord(claim) && claim.typ === roleType && typeof claim.val === 'string' ? [claim.val] : [],
  );
}

function decode(header: string): unknown {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(header)) return null;
  try {
    return JSON.parse(Buffer.from(header, 'base64').toString());
  } catch {
    // Not JSON, so it is not the platform's header.
    return null;
  }
}
