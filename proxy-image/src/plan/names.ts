/** The names of an endpoint's parts in haproxy.cfg, which every command and every reply uses. */
export const frontendOf = (endpoint: string): string => `in_${endpoint}`;
export const backendOf = (endpoint: string): string => endpoint;
export const fallbackOf = (endpoint: string): string => `fallback_${endpoint}`;
export const deniedTableOf = (endpoint: string): string => `denied_${endpoint}`;

/**
 * The slot of those who came to a leader that is gone and for whom there is no other yet. Nobody listens there, so HAProxy asks again
 * and again, until a leader's slot is open. No node has such a name.
 */
export const WAITING = "waiting";

/** The page for people and Prometheus is guarded like an endpoint, under this name. */
export const STATUS = "status";
/** The door to sshd: guarded like an endpoint, under this name. */
export const SSH = "ssh";
export const SSHD = "sshd";
/** The address at which tunnels reach an endpoint, and the source that they show there. */
export const TUNNEL_SOURCE = "127.0.0.1";
/** The backend whose only server is the agent: down means that it is silent, not that it says no. */
export const AGENT = "agent";

/** The most connections that a frontend accepts, and what a released hold goes back to. */
export const FRONTEND_MAXCONN = 10_000;
