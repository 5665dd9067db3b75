/**
 * One JSON line a session, with the keys of the agent's own lines. HAProxy names an ending by two letters: the map turns
 * them into a sentence. A session that never reached a node has `node` "<NOSRV>".
 */
export function sessionLog(endpoint: string, image: string): string {
  const fields = [
    "%(level)[str(info)]",
    '%(time)[date(0,ms),ms_utime("%Y-%m-%dT%H:%M:%S.%3NZ")]',
    `%(msg)[txn.sess_term_state,map_str(${image}/endings.map,"session ended")]`,
    "%(source)[str(haproxy)]",
    `%(endpoint)[str(${endpoint})]`,
    "%(client)ci",
    "%(clientPort)cp",
    "%(backend)b",
    "%(node)s",
    // What the server sees of its client is the portal's address and this port.
    "%(portalPort)bp",
    "%(waitedMs)Tw",
    "%(connectMs)Tc",
    "%(durationMs)Tt",
    "%(bytesIn)U",
    "%(bytesOut)B",
    "%(ending)ts",
    "%(retries)rc",
  ];
  return `log-format '%{+json}o ${fields.join(" ")}'`;
}
