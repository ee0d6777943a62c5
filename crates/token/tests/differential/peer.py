"""The PyJWT side of the differential tests: one task on stdin, one answer on stdout."""

import base64
import json
import secrets
import sys

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def verify(task):
    key = jwt.PyJWK(task["key"], algorithm=task["alg"]).key
    # Times are judged by the clock there is no way to set; signatures and shape are what is compared.
    options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}

    def claims(token):
        try:
            return jwt.decode(token, key, algorithms=[task["alg"]], options=options)
        except jwt.PyJWTError:
            return None

    return [claims(token) for token in task["tokens"]]


def generate(alg):
    if alg.startswith("HS"):
        return secrets.token_bytes(int(alg[2:]) // 8)
    if alg.startswith(("RS", "PS")):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[alg]())


def make(task):
    alg = task["alg"]
    key = generate(alg)
    tokens = [jwt.encode(claims, key, algorithm=alg, headers={"typ": "at+jwt"}) for claims in task["claims"]]
    if isinstance(key, bytes):
        return {"secret": base64.urlsafe_b64encode(key).rstrip(b"=").decode(), "tokens": tokens}
    public = key.public_key()
    jwk = json.loads(jwt.get_algorithm_by_name(alg).to_jwk(public))
    # It writes the key_ops of the operation it has in mind, and no alg.
    jwk["alg"] = alg
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"jwk": jwk, "pem": pem, "tokens": tokens}


task = json.load(sys.stdin)
json.dump({"verify": verify, "make": make}[task["do"]](task), sys.stdout)
