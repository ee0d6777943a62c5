package example.orders.security;

import example.orders.problem.Code;
import example.orders.problem.ProblemException;
import org.springframework.core.MethodParameter;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationToken;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;

/** Finds the {@link Caller} that a handler asks for. */
@Component
class CallerResolver implements HandlerMethodArgumentResolver {

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return parameter.getParameterType() == Caller.class;
    }

    @Override
    public Caller resolveArgument(
            MethodParameter parameter, ModelAndViewContainer container, NativeWebRequest request, WebDataBinderFactory binders) {
        if (!(SecurityContextHolder.getContext().getAuthentication() instanceof JwtAuthenticationToken verified)) {
            // A route that was made public by mistake is closed, not open.
            throw new ProblemException(Code.TOKEN_MISSING, null);
        }
        Jwt token = verified.getToken();
        // RFC 9068 §2.2: where no person is involved, the subject is the client itself.
        if (token.getSubject().equals(token.getClaimAsString("client_id"))) {
            throw new ProblemException(Code.CALLER_MISMATCH, "This is for people who are signed in.");
        }
        String orgId = token.getClaimAsString("org_id");
        if (orgId == null || orgId.isEmpty()) {
            throw new ProblemException(Code.ORG_MISMATCH, null);
        }
        return new Caller(token.getSubject(), orgId);
    }
}
