"""An orders service that verifies Handstamp's access tokens with PyJWT and reads status lists."""
