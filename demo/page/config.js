// Where everything is, as the server of this page tells it.

const reply = await fetch('config.json');

/**
 * @type {{
 *   auth: string,
 *   services: { orders: string, profiles: string },
 *   people: { username: string, password: string, org_id: string, roles: string[] }[],
 *   foreign_orders: Record<string, number>,
 *   command: { set_roles: string, set_profile: string, disable: string, enable: string, revoke: string },
 * }}
 */
export const config = await reply.json();
