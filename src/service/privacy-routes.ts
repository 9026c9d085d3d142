import { eraseBody, eraseReceipt } from './alert-shapes.js';
import type { App, Parts } from './parts.js';
import { errorShape } from './shapes.js';

export function addPrivacyRoutes(app: App, { erase }: Parts): void {
  app.post(
    '/privacy/erase',
    {
      schema: {
        tags: ['privacy'],
        summary: "erases one user's data, archives and derived rows included, and gives a receipt",
        body: eraseBody,
        response: { 200: eraseReceipt, 400: errorShape, 403: errorShape, 503: errorShape },
      },
    },
    async ({ body: { user } }) => {
      const receipt = await erase(user);
      return { ...receipt, erased: { ...receipt.erased }, remains: [...receipt.remains] };
    },
  );
}
