// Checks that the app may use the storage account as it needs to.
import { judgeStorage, type StorageService } from '../rules/doctor/storageFindings.ts';
import type { Check } from './doctorCheck.ts';

export const tablesCheck = storageCheck('tables', 'table');
export const queuesCheck = storageCheck('queues', 'queue');

function storageCheck(name: 'tables' | 'queues', service: StorageService): Check {
  return {
    name,
    needs: ['storage'],
    async look({ services, shared }) {
      const fault = await shared[name](services);
      return [judgeStorage(service, services.settings().storage.kind, fault)];
    },
  };
}
