// An OpenID provider on loopback, by the library oidc-provider. Whoever signs in says in the query of the page of the
// sign-in who they are (`account`), by what (`acr`) and how long ago (`ago`, in seconds), or that they give up.
// Prints its issuer once it answers.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const { RETURN_TO, CLIENT_ID, CLIENT_SECRET, AUTH_METHOD } = process.env;

const FORM = `<!doctype html><html lang="en"><title>Login</title><link rel="icon" href="data:,"><form>
<label>Account <input name="account"></label>
<input type="hidden" name="acr" value="urn:example:two-factors"><button>Sign in</button></form>
<form><input type="hidden" name="account" value=""><button>Cancel</button></form></html>`;

async function signIn(provider, request, response, query) {
  if (query.get('account') === null) {
    response.setHeader('Content-Type', 'text/html');
    response.end(FORM);
    return;
  }
  const acr = query.get('acr') ?? undefined;
  const ts = Math.floor(Date.now() / 1000) - Number(query.get('ago') ?? 0);
  const result = query.get('account') === ''
    ? { error: 'access_denied', error_description: 'gave up' }
    : { login: { accountId: query.get('account'), acr, ts } };
  await provider.interactionFinished(request, response, result);
}

async function granted(ctx) {
  const grant = new ctx.oidc.provider.Grant({
    accountId: ctx.oidc.session.accountId, clientId: ctx.oidc.client.clientId,
  });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    acrValues: ['urn:example:password', 'urn:example:two-factors'],
    clients: [{
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      redirect_uris: [RETURN_TO],
      token_endpoint_auth_method: AUTH_METHOD,
    }],
    clientAuthMethods: [AUTH_METHOD],
    cookies: { keys: ['of this run alone'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, email: 'ana@example.com', name: 'Ana' }) }),
    interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
    loadExistingGrant: granted,
    pkce: { methods: ['S256'], required: () => true },
  });
  const others = provider.callback();
  server.on('request', (request, response) => {
    const url = new URL(request.url, issuer);
    if (url.pathname.startsWith('/sign-in/')) signIn(provider, request, response, url.searchParams);
    else others(request, response);
  });
  console.log(issuer);
});
