// A style sheet that a module imports: the build puts it beside the script.
declare module '*.css';
