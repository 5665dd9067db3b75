// Stands in for Pulumi's tls plugin where the real one can't be had.
import { serveProvider } from "../plugin/provider.ts";
import { certRequest, locallySignedCert, selfSignedCert } from "./certificates.ts";
import { privateKey } from "./keys.ts";

serveProvider("@pulumi/tls", {
  "tls:index/privateKey:PrivateKey": privateKey,
  "tls:index/certRequest:CertRequest": certRequest,
  "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
  "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
});
