export const pageHtml = '';
