// The authorization server of the tests: oidc-provider, with a person who agrees to everything, and a service that takes its tokens.
// Started as `node server.mjs MODULES KEY.pem SECONDS`; says its own address as its first line.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const [modules, key, seconds] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/${path}`));
const { Provider, errors } = await load('oidc-provider/lib/index.js');
const { decodeJwt, jwtVerify } = await load('jose/dist/webapi/index.js');

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const robot = (client_id, method, grant = 'client_credentials') => ({
  client_id, client_secret: 'a secret: with signs', token_endpoint_auth_method: method,
  grant_types: [grant], redirect_uris: [], response_types: [],
});

const server = createServer().listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'app', application_type: 'native', token_endpoint_auth_method: 'none',
        redirect_uris: ['http://localhost/callback'], grant_types: ['authorization_code', 'refresh_token'],
      },
      robot('robot_header', 'client_secret_basic'),
      robot('robot_form', 'client_secret_post'),
      { ...robot('robot_signs', 'none', JWT_BEARER), client_secret: undefined },
    ],
    cookies: { keys: ['of the tests'] },
    features: {
      clientCredentials: { enabled: true }, devInteractions: { enabled: false }, revocation: { enabled: true },
    },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_, { uid }) => `/agree/${uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    scopes: ['openid', 'offline_access', 'look'],
    ttl: { AccessToken: +seconds, ClientCredentials: +seconds, RefreshToken: 3600, Grant: 3600, Interaction: 60, Session: 60 },
  });

  const publicKey = createPublicKey(readFileSync(key));
  provider.registerGrantType(JWT_BEARER, async (ctx) => {
    const { payload } = await jwtVerify(ctx.oidc.params.assertion, publicKey, { audience: `${issuer}/token`, maxTokenAge: '3m' })
      .catch(() => { throw new errors.InvalidGrant('the assertion does not hold'); });
    const { ClientCredentials } = ctx.oidc.provider;
    const token = new ClientCredentials({ client: await ctx.oidc.provider.Client.find(payload.iss), scope: payload.scope });
    ctx.body = { access_token: await token.save(), token_type: 'Bearer', expires_in: +seconds };
  }, ['assertion', 'scope']);

  const agree = async (request, response) => {
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
    }
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  };

  const look = async (request, response) => {
    const bearer = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const token = await provider.AccessToken.find(bearer) ?? await provider.ClientCredentials.find(bearer);
    response.writeHead(token ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(token ? { who: token.accountId ?? token.clientId } : { error: 'invalid_token' }));
  };

  // Everything that a client was given, taken back: what an administrator does.
  const revoke = async (_, response) => {
    for (const id of grants) await provider.Grant.adapter.revokeByGrantId(id);
    for (const name of ['RefreshToken', 'AccessToken']) for (const id of grants) await provider[name].adapter.revokeByGrantId(id);
    response.end();
  };
  const grants = new Set();
  provider.on('grant.success', (ctx) => ctx.oidc.entities.Grant && grants.add(ctx.oidc.entities.Grant.jti));

  // Vendors know an account by who signed; oidc-provider wants to be told the client.
  const token = async (request, response) => {
    const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    if (form.get('grant_type') === JWT_BEARER) form.set('client_id', decodeJwt(form.get('assertion')).iss);
    request.body = Object.fromEntries(form);
    return callback(request, response);
  };

  const callback = provider.callback();
  server.on('request', (request, response) => {
    const { pathname } = new URL(request.url, issuer);
    if (pathname.startsWith('/agree/')) return agree(request, response);
    if (pathname === '/look') return look(request, response);
    if (pathname === '/revoke') return revoke(request, response);
    if (pathname === '/token') return token(request, response);
    return callback(request, response);
  });
  console.log(issuer);
});
