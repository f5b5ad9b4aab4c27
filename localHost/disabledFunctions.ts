// Which functions the settings switch off.

/**
 * Whether a setting switches the function off: `AzureWebJobs.NAME.Disabled`, or `AzureWebJobs_NAME_Disabled` where names
 * have no dots. The value is `true` in any case, or `1`. The source is the WebJobs SDK, `HostListenerFactory.IsDisabled`.
 */
export function isDisabled(name: string, env: NodeJS.ProcessEnv): boolean {
  const values = [env[`AzureWebJobs.${name}.Disabled`], env[`AzureWebJobs_${name}_Disabled`]];
  return values.some((value) => value !== undefined && /^(?:true|1)$/i.test(value));
}

/** A name that looks like such a setting, but that the platform does not read; undefined when there is none. */
export function deadSetting(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const dead = `AzureWebJobs__${name}__Disabled`;
  return env[dead] === undefined ? undefined : dead;
}
