// Imports every function: the entry of the bundle.
import './functions/health.ts';
import './functions/latestSubject.ts';
