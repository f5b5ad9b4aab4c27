// Checks that the app may use the storage account as it needs to.
import { judgeStorage, type StorageFault, type StorageService } from '../rules/doctor/storageFindings.ts';
import type { StorageSettings } from '../settings/settings.ts';
import { tryQueues, tryTables } from '../storage/rights.ts';
import type { Check } from './doctorCheck.ts';

type Try = (settings: StorageSettings, id: string) => Promise<StorageFault | null>;

export const tablesCheck = storageCheck('tables', 'table', tryTables);
export const queuesCheck = storageCheck('queues', 'queue', tryQueues);

function storageCheck(name: string, service: StorageService, use: Try): Check {
  return {
    name,
    needs: ['storage'],
    async look({ services }) {
      const { storage } = services.settings();
      const fault = await use(storage, services.newId().replaceAll('-', ''));
      return [judgeStorage(service, storage.kind, fault)];
    },
  };
}
