"use strict";
// Beside the folder of this script, whatever a proxy has put before both.
const document_url = new URL("../openapi.json", document.currentScript.src).href;
SwaggerUIBundle({
  url: document_url,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Would ask a validator on the internet.
  validatorUrl: null,
});
