// The entry of the page.
import './style.css';
import { render } from 'preact';
import { restoreView } from './live/session.ts';
import { App } from './views/app.tsx';

const place = document.getElementById('page');
if (place === null) throw new Error('the shell has no place for the page');
restoreView();
render(<App />, place);
